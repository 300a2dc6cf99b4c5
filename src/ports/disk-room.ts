// Whether the disks that a worker needs take anything more.

export interface DiskRoom {
  /** Why nothing more can be written, in a sentence; undefined while there is room. Never rejects. */
  lack(): Promise<string | undefined>;
}
