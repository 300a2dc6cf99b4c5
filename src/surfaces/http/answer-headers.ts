// What browsers are told about every answer: it is data, to be shown, framed, guessed at and kept by nobody.
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** The one page there is, of OAuth, says for itself what it needs. */
export const setAnswerHeaders = (): readonly RequestHandler[] => [
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
    // A client that opens the consent page in a window of its own would lose sight of it.
    crossOriginOpenerPolicy: false,
    // TLS ends before this server, and whoever ends it knows for which names that is to last.
    strictTransportSecurity: false,
  }),
  (_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    next();
  },
];
