/** A shop's visitors: 40 browsers that ask for 100 pages each, with cookies and with tracking parameters in their URLs. */
const BROWSERS = 40
const PAGES = 100

export interface Visit {
  readonly target: string
  readonly fields: readonly string[]
}

/** `folder` chooses what is answered. */
export function visit(page: number, browser: number, folder = '/women/shoes'): Visit {
  return {
    target: `${folder}/boots-${4711 + page}.html?utm_source=mail&colour=red&size=39`,
    fields: [
      'Host: www.shop.example.org',
      `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${143 - (browser % 5)}.0.0.0 Safari/537.36`,
      'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
      'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
      'Accept-Encoding: gzip, deflate, br, zstd',
      `Cookie: _ga=GA1.2.${1234567890 + 7919 * browser}.1700000000; consent=yes; currency=EUR`,
    ],
  }
}

/** Every browser's request for every page, scattered: nearly none comes twice before a thousand others have. */
export function crowd(folder?: string): Visit[] {
  const all = Array.from({ length: BROWSERS * PAGES }, (_, i) => visit(i % PAGES, Math.floor(i / PAGES), folder))
  return all.map((_, i) => all[(i * 1201) % all.length])
}

/** As it is sent. */
export function headOf({ target, fields }: Visit, ...more: readonly string[]): string {
  return `GET ${target} HTTP/1.1\r\n${[...fields, ...more].map((line) => `${line}\r\n`).join('')}\r\n`
}
