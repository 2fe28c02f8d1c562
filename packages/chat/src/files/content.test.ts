import { expect, test } from 'bun:test';
import { contentOf } from './content.ts';
import { disposition, fileName, pictureName } from './name.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const typeOf = (text: string | Uint8Array) => {
  const content = contentOf(typeof text === 'string' ? Buffer.from(text) : text);
  return content.kind === 'picture' ? content.format : content.type;
};

test('pictures are known by their first bytes', () => {
  expect(typeOf(latin1('\xff\xd8\xff\xe0'))).toBe('jpeg');
  expect(typeOf(latin1('\x89PNG\r\n\x1a\n\0'))).toBe('png');
  expect(typeOf('GIF89a…')).toBe('gif');
  expect(typeOf(latin1('RIFF\x10\0\0\0WEBPVP8 '))).toBe('webp');
});

test('what a browser might run or render has no type of its own', () => {
  for (const active of [
    '<!doctype html><script>alert(1)</script>',
    '  \n<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    '<?xml version="1.0"?><x/>',
    'some words, then <script>',
    '%PDF-1.7\n',
    '\ufeff<html>',
    Buffer.from('\ufeff<html>', 'utf16le'),
    '\0\x01\x02',
    latin1('MZ\x90\0'),
    latin1('BM\x10\0'),
  ]) {
    expect(typeOf(active)).toBe('application/octet-stream');
  }
});

test('a few harmless kinds keep theirs', () => {
  expect(typeOf('just words, ünicode, 2 > 1\n')).toBe('text/plain; charset=utf-8');
  expect(typeOf(Buffer.from('ü'.repeat(4_000)).subarray(0, 4_096))).toBe('text/plain; charset=utf-8');
  expect(typeOf(Buffer.from(`x${'ü'.repeat(4_000)}`).subarray(0, 4_096))).toBe('text/plain; charset=utf-8');
  expect(typeOf(latin1('PK\x03\x04rest'))).toBe('application/zip');
  expect(typeOf(latin1('\0\0\0\x18ftypisom'))).toBe('video/mp4');
  expect(typeOf(latin1('\0\0\0\x18ftypheic'))).toBe('image/heic');
  expect(typeOf(latin1('ID3\x04'))).toBe('audio/mpeg');
});

test('names are for people, not for file systems', () => {
  const cases: [string | undefined, string][] = [
    [undefined, 'file'],
    ['', 'file'],
    ['..', 'file'],
    ['notes.txt', 'notes.txt'],
    ['Gr%C3%BC%C3%9Fe%20an%20alle.txt', 'Grüße an alle.txt'],
    ['100%', '100%'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\jane\\photo.jpg', 'photo.jpg'],
    ['.htaccess', 'htaccess'],
    [encodeURIComponent('photo\u202egpj.exe'), 'photogpj.exe'],
    [encodeURIComponent('a\r\nSet-Cookie: x\0.txt'), 'aSet-Cookie_ x.txt'],
    [encodeURIComponent('<img src=x>.txt'), '_img src=x_.txt'],
    [`${'x'.repeat(300)}.tar`, `${'x'.repeat(96)}.tar`],
  ];
  for (const [given, expected] of cases) expect(fileName(given)).toBe(expected);
  expect(pictureName('holiday.JPEG', 'webp')).toBe('holiday.webp');
});

test('the name in the header is quoted for every client', () => {
  expect(disposition('attachment', 'Grüße "an" alle.txt')).toBe(
    `attachment; filename="Gr__e _an_ alle.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%22an%22%20alle.txt`,
  );
});
