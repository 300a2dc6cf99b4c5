// Runs the rules of secretlint over a text. Its core would run them too, but keeps a record of every run for ever, and
// heeds comments that switch it off: whoever wrote the secret can write the comment.
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { SecretLintRuleContext, SecretLintSourceCode } from '@secretlint/types';

export interface Match {
  /** Name of the rule, such as `github`. */
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

/** Rules that look into files of certain names only: every content is taken for each of them. */
const NAMES: Readonly<Record<string, readonly string[]>> = { npm: ['package.json', '.npmrc'] };

const finders = rules.filter(({ meta }) => meta.id !== '@secretlint/secretlint-rule-filter-comments');

/** What the rules find. */
export async function runRules(content: string): Promise<readonly Match[]> {
  const matches: Match[] = [];
  for (const rule of finders) {
    const kind = rule.meta.id.replace(/^.*secretlint-rule-/, '');
    const context: SecretLintRuleContext = {
      sharedOptions: {},
      createTranslator,
      report: ({ range: [from, to] }) => matches.push({ kind, from, to }),
      ignore: () => {},
    };
    const { file } = rule.create(context, {});
    for (const name of NAMES[kind] ?? [undefined]) await file?.(sourceOf(content, name));
  }
  return matches;
}

/** Nobody reads what a rule says: it quotes the secret. */
const createTranslator: SecretLintRuleContext['createTranslator'] = () => (messageId, data) => ({
  message: '',
  messageId: String(messageId),
  data,
});

function sourceOf(content: string, filePath: string | undefined): SecretLintSourceCode {
  const unused = (): never => {
    throw new Error('no rule asks for places');
  };
  return {
    content,
    contentType: 'text',
    ext: '',
    hasBOM: false,
    filePath,
    physicalFilePath: undefined,
    getFilePath: () => filePath,
    getPhysicalFilePath: () => undefined,
    locationToRange: unused,
    rangeToLocation: unused,
    positionToIndex: unused,
    indexToPosition: unused,
  };
}
