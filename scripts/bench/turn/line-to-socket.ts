// How long a word of claude takes from its pipe to the reader's socket, as the servers noted it.
import { readFileSync } from 'node:fs';

/** Milliseconds for each stamped word; `readers`: the server that runs claude, `senders`: the one that the client is at. */
export function lagsBetween(reader: string, sender: string): readonly number[] {
  const read = firstTimes(reader, 'read');
  const sent = firstTimes(sender, 'sent');
  return [...sent].flatMap(([stamp, at]) => {
    const came = read.get(stamp);
    return came === undefined ? [] : [at - came];
  });
}

/** The complete message that follows repeats every word: the first time counts. */
function firstTimes(file: string, kind: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [what, stamp = '', at] = line.split(' ');
    if (what === kind && !times.has(stamp)) times.set(stamp, Number(at));
  }
  return times;
}
