// Event streams read as strictly as the standard allows: an unknown field is an error.
import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface StrictSse {
  readonly frames: EventSourceMessage[];
  readonly comments: string[];
  /** Takes more of the stream; throws at what is no event stream. */
  feed(text: string): void;
}

/** Collects what a stream says. */
export function readStrictly(): StrictSse {
  const frames: EventSourceMessage[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: (frame) => frames.push(frame),
    onComment: (comment) => comments.push(comment),
    onError: (error) => {
      throw error;
    },
  });
  return { frames, comments, feed: (text) => parser.feed(text) };
}
