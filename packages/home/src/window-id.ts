const storageKey = 'earshot-window';

/**
 * A random id for this window. A reload keeps it, so that the others see the same name come back; a copy of the
 * tab gets one of its own.
 */
export function windowId(): string {
  const [navigation] = performance.getEntriesByType('navigation');
  const reloaded = navigation instanceof PerformanceNavigationTiming && navigation.type === 'reload';
  const kept = reloaded ? sessionStorage.getItem(storageKey) : null;
  const id = kept ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), hex).join('');
  sessionStorage.setItem(storageKey, id);
  return id;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
