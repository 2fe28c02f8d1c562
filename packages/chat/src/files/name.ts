const charactersMax = 100;

/**
 * The name of a file as people see it: without folders, control characters and characters that turn the direction of
 * writing (`photo\u202egpj.exe`), at most 100 characters, its ending kept.
 * @param given as the client sent it: percent-encoded UTF-8
 */
export function fileName(given: string | undefined): string {
  const [last = ''] = decoded(given ?? '')
    .normalize('NFC')
    .split(/[/\\]/)
    .slice(-1);
  const clean = last
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  const characters = [...clean];
  if (characters.length <= charactersMax) return clean || 'file';
  const ending = /\.[^.]{1,10}$/.exec(clean)?.[0] ?? '';
  return characters.slice(0, charactersMax - ending.length).join('') + ending;
}

/** The same name with the ending of what the picture was turned into. */
export function pictureName(name: string, ending: string): string {
  return `${name.replace(/\.[^.]{1,10}$/, '') || 'picture'}.${ending}`;
}

/** For `Content-Disposition` (RFC 6266): the plain form for old clients, the exact one for the others. */
export function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a plain name with a percent sign
  }
}
