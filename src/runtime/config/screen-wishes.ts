// What the environment wishes for the screen; read apart from the configuration, because --help must not wait for it.

export interface ScreenWishes {
  readonly noColor: boolean;
  /** Undefined: as the screen can. */
  readonly forceColor: boolean | undefined;
  readonly term: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** NO_COLOR (https://no-color.org), FORCE_COLOR (`0` and `false` mean no) and TERM; an empty variable is unset. */
export function screenWishes(env: Env = process.env): ScreenWishes {
  const force = env.FORCE_COLOR || undefined;
  return {
    noColor: Boolean(env.NO_COLOR),
    forceColor: force === undefined ? undefined : !/^(0|false)$/i.test(force),
    term: env.TERM || undefined,
  };
}
