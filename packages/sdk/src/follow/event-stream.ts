/** Server-sent events out of text that comes in pieces: https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** An event's type, `message` where it has none, and its data. */
export type OnEvent = (type: string, data: string) => void;

/**
 * Takes the next piece of the text. What is left at the end without an empty line is no event.
 *
 * A snapshot is one line of many pieces: each is looked through once, and the line is put together at its end.
 */
export function createEventParser(onEvent: OnEvent): (piece: string) => void {
  let begun: string[] = [];
  let type = '';
  let data: string[] = [];

  function line(text: string): void {
    if (text === '') {
      if (data.length > 0) onEvent(type || 'message', data.join('\n'));
      type = '';
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
  }

  return piece => {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      begun.push(piece.slice(from, end));
      const whole = begun.join('');
      begun = [];
      from = end + 1;
      line(whole.endsWith('\r') ? whole.slice(0, -1) : whole);
    }
    if (from < piece.length) begun.push(piece.slice(from));
  };
}
