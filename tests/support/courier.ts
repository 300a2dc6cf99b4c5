// A courier as a server has it that may call public hosts; nothing that it is told to deliver is of any consequence here.
import { createCourier } from '../../src/adapters/outbound/courier.js';
import type { Courier } from '../../src/ports/courier.js';

/** A secret as receivers have it. */
export const CALLBACK_SECRET = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;

export const publicCourier: Courier = createCourier({
  secrets: [CALLBACK_SECRET],
  version: '0.0.0-test',
  now: Date.now,
});
