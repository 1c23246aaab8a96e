/** Chunked bodies (RFC 9112 section 7.1) and what they come to; latin1, reusable like requests.table.ts. */
export interface ChunkedRow {
  name: string
  bytes: string
  /** The data; for refused and unfinished bodies what was handed on before. */
  body: string
  outcome: 'done' | 'unfinished' | 'refused'
  /** Must be left unread. */
  rest: string
}

export const chunkedBodies: ChunkedRow[] = []

function whole(name: string, bytes: string, body: string, rest = ''): void {
  chunkedBodies.push({ name, bytes: bytes + rest, body, outcome: 'done', rest })
}

function refused(name: string, bytes: string, body = ''): void {
  chunkedBodies.push({ name, bytes, body, outcome: 'refused', rest: '' })
}

function unfinished(name: string, bytes: string, body = ''): void {
  chunkedBodies.push({ name, bytes, body, outcome: 'unfinished', rest: '' })
}

const END = '0\r\n\r\n'

whole('an empty body', END, '')
whole('one chunk', '5\r\nhello\r\n' + END, 'hello')
whole('two chunks', '5\r\nhello\r\n1\r\n!\r\n' + END, 'hello!')
whole('sizes in both cases', 'a\r\n0123456789\r\nA\r\n0123456789\r\n' + END, '01234567890123456789')
whole('leading zeros', '0005\r\nhello\r\n000\r\n\r\n', 'hello')
whole('data that looks like chunks', '7\r\n0\r\n\r\n\r\n\r\n' + END, '0\r\n\r\n\r\n')
whole(
  'every byte value',
  '100\r\n' + Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('') + '\r\n' + END,
  Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join(''),
)
whole('what follows stays', '1\r\nx\r\n' + END, 'x', 'GET / HTTP/1.1\r\n')
whole('a second body stays', END, '', END)
whole('an extension', '5;a=b\r\nhello\r\n0;c\r\n\r\n', 'hello')
whole('several', '5;a;b=c;d="e f"\r\nhello\r\n' + END, 'hello')
whole('a quoted quote and semicolon in an extension', '5;a="b\\"c\\\\;"\r\nhello\r\n' + END, 'hello')
whole('a trailer field', '1\r\nx\r\n0\r\nChecksum: abc\r\n\r\n', 'x')
whole('several trailer fields', '0\r\nA: 1\r\nB:\r\nC: \xe9\t\r\n\r\n', '')
whole('13 digits', '0000000000001\r\nx\r\n' + END, 'x')
whole('extensions up to the bound', '1;a=' + 'b'.repeat(16_000) + '\r\nx\r\n' + END, 'x')
whole('trailer fields up to the bound', '0\r\nA: ' + 'b'.repeat(8_000) + '\r\n\r\n', '')

refused('no size', '\r\n')
refused('garbage', 'hello\r\n')
refused('a minus sign', '-1\r\nx')
refused('a plus sign', '+1\r\nx')
refused('0x', '0x1\r\nx')
refused('a space before the size', ' 1\r\nx')
refused('a space behind the size', '1 \r\nx')
refused('a tab behind the size', '1\t\r\nx')
refused('whitespace before an extension', '1 ;a\r\nx')
refused('an underscore', '1_0\r\n')
refused('a point', '1.0\r\n')
refused('NUL', '1\0\r\n')
refused('a digit above ASCII', '\xb2\r\n')
refused('14 digits', '00000000000001\r\nx')
refused('a size that would wrap 64 bits', '10000000000000001\r\nx')
refused('bare LF behind the size', '1\nx')
refused('bare CR behind the size', '1\rx')
refused('two CRs behind the size', '1\r\r\nx')
refused('bare LF behind the data', '1\r\nx\n', 'x')
refused('bare CR behind the data', '1\r\nx\rz', 'x')
refused('data longer than its size', '1\r\nxy\r\n', 'x')
refused('data shorter than its size', '5\r\nabc\r\n' + END, 'abc\r\n')
refused('an empty line between chunks', '1\r\nx\r\n\r\n' + END, 'x')
refused('bare LF behind the last chunk', '0\n\n')
refused('bare LF as the empty line', '0\r\n\n')
refused('bare CR as the empty line', '0\r\n\rx')
refused('an empty extension', '1;\r\nx')
refused('an extension without a name', '1;=b\r\nx')
refused('an extension without its value', '1;a=\r\nx')
refused('two semicolons', '1;;a\r\nx')
refused('a space in an extension', '1;a b\r\nx')
refused('a space behind the semicolon', '1; a\r\nx')
refused('a bare LF in an extension', '1;a\nx')
refused('a quoted string that is not closed', '1;a="b\r\nx')
refused('a bare LF in a quoted string', '1;a="\n"\r\nx')
refused('an escaped line end', '1;a="\\\r\n"\r\nx')
refused('a token behind a quoted string', '1;a="b"c\r\nx')
refused('extensions beyond the bound', '1;a=' + 'b'.repeat(17_000) + '\r\nx')
refused('extensions beyond the bound over many chunks', ('1;' + 'b'.repeat(98) + '\r\nx\r\n').repeat(200), 'x'.repeat(165))
refused('a trailer line without a colon', '0\r\nA\r\n\r\n')
refused('a trailer name with a space', '0\r\nA : 1\r\n\r\n')
refused('an empty trailer name', '0\r\n: 1\r\n\r\n')
refused('a folded trailer line', '0\r\nA: 1\r\n 2\r\n\r\n')
refused('a bare LF in the trailer', '0\r\nA: 1\n\r\n')
refused('a bare CR in the trailer', '0\r\nA: 1\rB: 2\r\n\r\n')
refused('a control byte in the trailer', '0\r\nA: \x01\r\n\r\n')
refused('a request instead of the empty line', '0\r\nGET / HTTP/1.1\r\n\r\n')
refused('a trailer beyond its size', '0\r\nA: ' + 'b'.repeat(9_000) + '\r\n\r\n')
refused('too many trailer lines', '0\r\n' + 'A: 1\r\n'.repeat(65) + '\r\n')

unfinished('nothing', '')
unfinished('half a size', '1')
unfinished('a size', '1\r\n')
unfinished('half the data', '5\r\nhe', 'he')
unfinished('data without its line end', '5\r\nhello', 'hello')
unfinished('no last chunk', '5\r\nhello\r\n', 'hello')
unfinished('a last chunk without the empty line', '0\r\n')
unfinished('half the empty line', '0\r\n\r')
unfinished('half a trailer', '0\r\nA: b\r\n')
