// Claude's JSON as a value, where it is passed on as one.

/** What is no JSON stays the text that it is. */
export function parseJsonText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
