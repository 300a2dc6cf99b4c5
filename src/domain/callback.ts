// How far telling the end of a job to the address that its caller gave has come. It comes after the end and changes
// nothing about it.

export interface Callback {
  /** Requests that were made. */
  readonly attempts: number;
  /** Of these, since the end of the job or since somebody asked for it once more. */
  readonly tries: number;
  /** When the next one is due; undefined once it was delivered or given up. */
  readonly dueAt?: number;
  readonly deliveredAt?: number;
  /** Why the last one failed. */
  readonly error?: string;
}

/** All in epoch milliseconds. */
export type CallbackEvent =
  | { readonly type: 'CallbackDelivered'; readonly at: number; readonly httpStatus: number }
  /** Without `retryAt` it is given up. */
  | {
      readonly type: 'CallbackFailed';
      readonly at: number;
      readonly error: string;
      readonly retryAt?: number;
    }
  | { readonly type: 'CallbackAsked'; readonly at: number; readonly by: string };

/** A record is kept so long behind the time at which its callback is due, whatever its ttl. */
const KEEP_DUE_MS = 86_400_000;

/** The callback of a job that ends now. */
export const callbackAtEnd = (at: number): Callback => ({ attempts: 0, tries: 0, dueAt: at });

/** Folds one event into it. */
export function foldCallback(callback: Callback, event: CallbackEvent): Callback {
  const { attempts, tries, deliveredAt } = callback;
  switch (event.type) {
    case 'CallbackDelivered':
      return { attempts: attempts + 1, tries: tries + 1, deliveredAt: event.at };
    case 'CallbackFailed':
      return {
        attempts: attempts + 1,
        tries: tries + 1,
        ...(deliveredAt === undefined ? {} : { deliveredAt }),
        ...(event.retryAt === undefined ? {} : { dueAt: event.retryAt }),
        error: event.error,
      };
    case 'CallbackAsked':
      return { ...callback, tries: 0, dueAt: event.at };
    default:
      return event satisfies never;
  }
}

/** Until when the record of a job is kept for the sake of its callback; 0 when nothing is due. */
export const keptForCallback = (callback: Callback | undefined): number =>
  callback?.dueAt === undefined ? 0 : callback.dueAt + KEEP_DUE_MS;

export type CallbackStatus = 'pending' | 'delivered' | 'failed';

export function callbackStatus({ dueAt, deliveredAt }: Callback): CallbackStatus {
  if (dueAt !== undefined) return 'pending';
  return deliveredAt === undefined ? 'failed' : 'delivered';
}
