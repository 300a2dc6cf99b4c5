// Which ids a request may name as its model; told without touching Claude.
import type { Router } from 'express';
import type { ModelRow, Turns } from '../../app/turn/turns.js';
import { route, sendJson } from '../http/route.js';
import { unknownModel } from './request/model.js';

const modelJson = ({ id, createdAt }: ModelRow) => ({
  id,
  object: 'model',
  created: Math.floor(createdAt / 1000),
  owned_by: 'agenticore',
});

/** GET /v1/models and GET /v1/models/{id}; an id may hold slashes. */
export function addModelRoutes(router: Router, { turns }: { readonly turns: Turns }): void {
  route(router, '/v1/models', {
    GET(_req, res) {
      sendJson(res, 200, { object: 'list', data: turns.models().map(modelJson) });
    },
  });
  route(router, '/v1/models/*id', {
    GET(req, res) {
      const { id: segments } = req.params as unknown as { readonly id: readonly string[] };
      const id = segments.join('/');
      const rows = turns.models();
      const row = rows.find((known) => known.id === id);
      if (row === undefined && turns.resolveModel(id) === undefined) throw unknownModel(id);
      sendJson(res, 200, modelJson(row ?? { id, createdAt: rows[0]?.createdAt ?? 0 }));
    },
  });
}
