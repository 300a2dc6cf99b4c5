// Which web pages may call from a browser: those that are named, with the headers their clients send.
import type { RequestHandler } from 'express';

const EXPOSED = ['X-Request-Id', 'Retry-After', 'Retry-After-Ms', 'X-Should-Retry'];

/**
 * Lets pages of these origins call; `*` is any. Comes before whoever asks for keys: a browser asks for permission
 * without one. `exposed`: further headers of answers that they may read.
 */
export function allowOrigins(origins: readonly string[], exposed: readonly string[] = []): RequestHandler {
  return (req, res, next) => {
    const { origin } = req.headers;
    if (origins.length > 0) res.vary('Origin');
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return next();
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', [...EXPOSED, ...exposed].join(', '));
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return next();
    // `*` would not cover Authorization, and clients send headers of their own.
    const asked = req.headers['access-control-request-headers'];
    res.vary('Access-Control-Request-Headers');
    if (asked !== undefined) res.setHeader('Access-Control-Allow-Headers', asked);
    res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, DELETE, OPTIONS');
    res.setHeader('Access-Control-Max-Age', '600');
    res.statusCode = 204;
    res.end();
  };
}
