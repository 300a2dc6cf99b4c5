// Who tells others over the network how a job ended, and sees to it that this leads nowhere else.
import type { CallbackOutcome } from '../domain/decide-callback.js';

export interface CallbackLetter {
  readonly url: string;
  /** The same at every try, so that the receiver can tell a repetition. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

export interface Courier {
  /**
   * Throws CALLBACK_URL_REFUSED for an address that is none, or says itself that it leads where nobody may be sent; where
   * a name leads is found out when it is used.
   */
  check(url: string): void;
  /** One signed request. Never rejects; what it resolves with says nothing of what the receiver answered but its status. */
  deliver(letter: CallbackLetter, signal: AbortSignal): Promise<CallbackOutcome>;
}
