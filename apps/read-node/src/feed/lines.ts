/** JSON lines, taken from a body as it comes. */

/** No revision is nearly as long (etcd takes 1.5 MB): what is longer is not what was asked for. */
const LONGEST_LINE = 64 * 1024 * 1024;

/**
 * The values of the lines; an unfinished last line is left out: only its end says that it is whole.
 * `heard` is called for all that comes, be it a whole line or not.
 * @throws SyntaxError where a line is not JSON; RangeError where one is too long
 */
export async function* decodeLines(
  body: AsyncIterable<Uint8Array>,
  heard: () => void = () => {},
  longest = LONGEST_LINE,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  /** Of a line that is not whole yet. */
  let pieces: string[] = [];
  let length = 0;
  for await (const bytes of body) {
    heard();
    const text = decoder.decode(bytes, { stream: true });
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      pieces.push(text.slice(from, at));
      yield JSON.parse(pieces.length === 1 ? pieces[0]! : pieces.join(''));
      pieces = [];
      length = 0;
      from = at + 1;
    }
    if (from === text.length) continue;
    pieces.push(text.slice(from));
    length += text.length - from;
    if (length > longest) throw new RangeError(`a line has more than ${longest} characters`);
  }
}
