// The secret of the client of the configuration, checked before the library looks: it would compare as one compares words.
import { InvalidClientError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import express, { type RequestHandler } from 'express';
import type { OAuthSettings } from './oauth-deps.js';
import { isSame } from './secrets.js';

/** Refuses who calls itself by the client's id and does not know its secret. Also reads the body for those behind it. */
export function checkClientSecret({ client }: OAuthSettings): readonly RequestHandler[] {
  return [
    express.urlencoded({ extended: false }),
    (req, res, next) => {
      const { client_id, client_secret } = req.body ?? {};
      if (client?.secret === undefined || client_id !== client.id || isSame(client_secret, client.secret))
        return next();
      res
        .status(401)
        .json(new InvalidClientError('The client secret is missing or wrong').toResponseObject());
    },
  ];
}
