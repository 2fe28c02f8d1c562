/** The page that offers the bookmarklet: its link does something on other pages only. */

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

element('bookmarklet').addEventListener('click', (event) => {
  event.preventDefault();
  element('notice').textContent =
    'Not here: drag the button to your bookmarks bar, and click it there on another page.';
});

const address = element<HTMLTextAreaElement>('address');
address.addEventListener('focus', () => address.select());

const copy = element<HTMLButtonElement>('copy');
copy.addEventListener('click', async () => {
  const word = copy.textContent;
  try {
    await navigator.clipboard.writeText(address.value);
    copy.textContent = 'Copied';
  } catch {
    address.select();
    copy.textContent = 'Press Ctrl+C';
  }
  setTimeout(() => {
    copy.textContent = word;
  }, 2_000);
});
