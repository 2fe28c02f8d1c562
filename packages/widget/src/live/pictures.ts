import { liveLimits } from '@earshot/chat/contract';
import { type Answer, answered, failed, problemOf } from '../client/answer.ts';
import type { Env } from '../client/env.ts';
import type { Seal } from './seal.ts';

/** What a browser may be made to show. Nothing that can hold a script. */
const types = ['image/webp', 'image/jpeg', 'image/png', 'image/gif', 'image/avif'];
const edgeMost = 8_192;

export interface PictureNote {
  /** By what it is fetched. */
  readonly id: string;
  /** Part of what it is sealed for. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly type: string;
}

/** @returns null for a frame that is none */
export function readPictureNote(frame: readonly unknown[]): PictureNote | null {
  const [, id, name, width, height, type] = frame;
  if (typeof id !== 'string' || typeof name !== 'string' || id.length > 40 || name.length > 40) return null;
  if (!isEdge(width) || !isEdge(height) || typeof type !== 'string' || !types.includes(type)) return null;
  return { id, name, width, height, type };
}

export const isPictureType = (type: string): boolean => types.includes(type);

const isEdge = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= edgeMost;

/** Where the sealed pictures of a room are. */
export interface PictureStore {
  /** `…/chat/api/v1/live/rooms/{room}/pictures` */
  readonly address: string;
  readonly token: string;
}

/** @returns the id by which those present fetch it */
export async function putPicture(
  env: Env,
  { address, token }: PictureStore,
  seal: Seal,
  context: string,
  picture: Blob,
): Promise<Answer<string>> {
  const sealed = await seal.seal(new Uint8Array(await picture.arrayBuffer()), context);
  try {
    const response = await env.fetch(address, {
      ...request,
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream', Authorization: `Bearer ${token}` },
      body: sealed,
    });
    const body: unknown = await response.json();
    if (!response.ok) return failed(problemOf(body, 'internal'));
    const { id } = body as { id?: unknown };
    return typeof id === 'string' ? answered(id) : failed({ code: 'internal' });
  } catch {
    return failed({ code: 'network' });
  }
}

/** @returns null when it is gone, or was not sealed for this place */
export async function getPicture(
  env: Env,
  { address, token }: PictureStore,
  seal: Seal,
  context: string,
  { id, type }: PictureNote,
): Promise<Blob | null> {
  try {
    const response = await env.fetch(`${address}/${encodeURIComponent(id)}`, {
      ...request,
      headers: { Authorization: `Bearer ${token}` },
    });
    if (!response.ok || Number(response.headers.get('Content-Length')) > liveLimits.pictureBytes) return null;
    const plain = await seal.open(new Uint8Array(await response.arrayBuffer()), context);
    return plain === null ? null : new Blob([plain], { type });
  } catch {
    return null; // no connection, or a body that broke off: the picture is not shown
  }
}

const request = {
  mode: 'cors',
  credentials: 'omit',
  cache: 'no-store',
  referrerPolicy: 'no-referrer',
} as const;
