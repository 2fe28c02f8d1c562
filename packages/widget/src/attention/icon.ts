/** The number of unread messages on the icons of the chat's own page: of its tab, and of the app when it is installed. */
export function countOnIcon(link: HTMLLinkElement | null): (count: number) => void {
  const plain = link?.href ?? '';
  return (count) => {
    const wanted = count > 0 ? plain.replace('icon.svg', 'icon-unread.svg') : plain;
    if (link !== null && link.href !== wanted) link.href = wanted;
    const { setAppBadge, clearAppBadge } = navigator as Partial<Navigator>;
    if (setAppBadge === undefined || clearAppBadge === undefined) return;
    const done = count > 0 ? setAppBadge.call(navigator, count) : clearAppBadge.call(navigator);
    done.catch(() => {}); // only installed apps have one
  };
}
