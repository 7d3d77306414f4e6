/** Rows in columns as wide as their widest cell. */
import type { Colors } from './terminal.ts';

/** Lines of a table: a dim heading, then the rows. Cells must be plain text, so that widths are right. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [colors.dim(line(heading)), ...rows.map(line)];
}
