// Which program the person edits texts with; read apart from the configuration, as every program does.

type Env = Readonly<Record<string, string | undefined>>;

/** VISUAL, else EDITOR, as the shell takes them; undefined when neither is set. */
export const editorCommand = (env: Env = process.env): string | undefined =>
  env.VISUAL || env.EDITOR || undefined;
