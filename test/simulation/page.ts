/** The page: its words are written by hand, its tables by the run, between marks. */

const begin = (name: string) => `<!-- run: ${name} -->`;
const END = '<!-- end -->';

/** The page with `text` in the place of what the last run has put there. @throws Error without the marks */
export function fillPage(page: string, name: string, text: string): string {
  const start = page.indexOf(begin(name));
  const end = page.indexOf(END, start);
  if (start < 0 || end < 0) throw new Error(`the page has no place for ${name}`);
  return `${page.slice(0, start)}${begin(name)}\n\n${text}\n\n${page.slice(end)}`;
}
