// Reads foreign JSON without trusting its shape.
import { isRecord, type JsonRecord } from '../../../domain/json-record.js';

/** '' for anything but text. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** 0 for anything but a finite number. */
export const asNumber = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;

/** The records in a list; none for anything but a list. */
export const asRecords = (value: unknown): readonly JsonRecord[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];
