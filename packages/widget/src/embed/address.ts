/** The page's own address: canonical where it says so, without fragment. */
export function pageAddress(): string {
  const canonical = document.querySelector<HTMLLinkElement>('link[rel~="canonical"]')?.href;
  return (canonical || location.href).split('#', 1)[0] ?? '';
}

/**
 * Tells when people have gone on to another page without the document being loaded anew (Turbo, Astro, frameworks).
 * @returns how to stop hearing
 */
export function onAddressChange(changed: (address: string) => void): () => void {
  let address = pageAddress();
  const look = () => {
    // The new page's head, with its canonical address, may come a moment after the address.
    setTimeout(() => {
      const now = pageAddress();
      if (now === address) return;
      address = now;
      changed(now);
    }, 50);
  };
  const { navigation } = window as { navigation?: EventTarget };
  navigation?.addEventListener('navigatesuccess', look);
  navigation?.addEventListener('currententrychange', look);
  addEventListener('popstate', look);
  return () => {
    navigation?.removeEventListener('navigatesuccess', look);
    navigation?.removeEventListener('currententrychange', look);
    removeEventListener('popstate', look);
  };
}
