/** The body of a request, whatever its length claims (BAD-9), or why it cannot be had. */
export async function readBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array | 'too large' | 'incomplete'> {
  const length = request.headers.get('content-length');
  const hasLength = length !== null || request.body === null;
  if (Number(length) > bytesMax) return 'too large';
  try {
    return (hasLength ? await request.bytes() : await readChunks(request, bytesMax)) ?? 'too large';
  } catch {
    return 'incomplete';
  }
}

/** The body of a request that does not say how long it is; null as soon as it is too large. */
async function readChunks(request: Request, bytesMax: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
