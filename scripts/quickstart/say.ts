// How the quickstart speaks: one paragraph for each thing that happened, apart from what the programs print.

/** The first line with a bullet, further ones below it. */
export const say = (...lines: readonly string[]): void => console.log(`\n● ${lines.join('\n  ')}`);
