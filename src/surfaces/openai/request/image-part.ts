// Images come inside the request, and are what they say they are: nothing is fetched for a caller.
import type { ChatPart } from '../../../domain/chat.js';
import { isRecord, type JsonRecord } from '../../../domain/json-record.js';
import { invalid } from '../../http/limits.js';

/** What the model takes per image. */
const MAX_IMAGE_BYTES = 5 * 1024 * 1024;

/** Media type -> what such a file begins with. */
const MAGIC: Readonly<Record<string, RegExp>> = {
  'image/png': /^\x89PNG\r\n/,
  'image/jpeg': /^\xff\xd8\xff/,
  'image/gif': /^GIF8[79]a/,
  'image/webp': /^RIFF[\s\S]{4}WEBP/,
};

const HEAD = /^data:([a-z]+\/[a-z0-9.+-]+)((?:;[^;,]*)*),/i;

/** Reads a part of type `image_url`. `at` is its place in the request. Throws INVALID_REQUEST. */
export function imagePart(part: JsonRecord, at: string): ChatPart {
  const { image_url: image } = part;
  const url = isRecord(image) ? image.url : image;
  if (typeof url !== 'string') throw invalid(at, 'must have an image_url with a url');
  const head = HEAD.exec(url.slice(0, 200));
  if (head === null || !/;base64$/i.test(head[2] ?? ''))
    throw invalid(
      at,
      'must hold the image itself, as data:image/png;base64,...; images of other servers are not fetched',
    );
  const mediaType = (head[1] ?? '').toLowerCase().replace('image/jpg', 'image/jpeg');
  const data = url.slice(head[0].length);
  assertImage(mediaType, data, at);
  return { kind: 'image', mediaType, data };
}

function assertImage(mediaType: string, data: string, at: string): void {
  const magic = MAGIC[mediaType];
  if (magic === undefined) throw invalid(at, 'must be an image of type png, jpeg, gif or webp');
  if ((data.length * 3) / 4 > MAX_IMAGE_BYTES)
    throw invalid(at, `is larger than ${MAX_IMAGE_BYTES / 1024 / 1024} MiB; send a smaller image`);
  if (data.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) throw invalid(at, 'is not valid base64');
  if (!magic.test(Buffer.from(data.slice(0, 32), 'base64').toString('latin1')))
    throw invalid(at, `says that it is ${mediaType}, but its bytes are not`);
}
