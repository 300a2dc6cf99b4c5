// Reads a YAML file of a profile or package and says of each fault on which line it stands.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Check, type ErrorDetail, messageOf } from '../../domain/errors.js';

export interface ReadDocument<T> {
  /** Every key of it is optional. */
  readonly document: Partial<T>;
  readonly faults: readonly ErrorDetail[];
}

/** The content of a profile.yml or its like; empty when `faults` is not. `check` names places like `claude.allowed_tools[2]`. */
export function readDocument<T>(file: string, text: string, check: Check): ReadDocument<T> {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (yaml.errors.length > 0) {
    const faults = yaml.errors.map(({ message, pos }) => ({
      path: `${file}:${lines.linePos(pos[0]).line}`,
      message: `is not valid YAML: ${message}`,
    }));
    return { document: {}, faults };
  }
  let value: unknown;
  try {
    value = yaml.toJS() ?? {};
  } catch (error) {
    return { document: {}, faults: [{ path: file, message: `is not valid YAML: ${messageOf(error)}` }] };
  }
  const problems = check(value);
  // The schema has just said that it is one.
  if (problems.length === 0) return { document: value as Partial<T>, faults: [] };
  const faults = problems.map(({ path, message }) => {
    const line = lines.linePos(offsetOf(yaml.contents, path)).line;
    return { path: path === '' ? file : `${file}:${line}: ${path}`, message };
  });
  return { document: {}, faults };
}

/** Where the key or item at a path stands in the text; that of its nearest parent when it is not written there. */
function offsetOf(root: Node | null, path: string): number {
  let node: unknown = root;
  let offset = 0;
  for (const segment of path.match(/[^.[\]]+/g) ?? []) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
      if (pair === undefined) return offset;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(segment)];
      if (isScalar(item) || isMap(item) || isSeq(item)) offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
