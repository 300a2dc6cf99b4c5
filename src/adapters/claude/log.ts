// What the driver needs of a logger; pino is one.
export interface Log {
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
}
