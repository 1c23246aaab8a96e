/** What a page of the demo site shows of itself. */
export interface DemoPage {
  readonly title: string
  readonly what: string
  /** Which request to the origin made this copy. */
  readonly number: number
  readonly made: Date
  readonly headers: Readonly<Record<string, string>>
  readonly pages: readonly { readonly path: string; readonly title: string; readonly what: string }[]
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2530; --paper: #fbfaf7; --line: #d9d4c7; --seal: #a3231c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e4da; --paper: #171a1f; --line: #39404a; --seal: #ef7b6f; } }
body { margin: 0 auto; max-width: 46rem; padding: 2.5rem 1.25rem 4rem; font: 17px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 2rem; margin: 0 0 .25rem; } h1 small { color: var(--seal); font-size: 1rem; font-weight: 600; }
a { color: var(--seal); } code, pre { font: 14px/1.5 ui-monospace, monospace; }
pre { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.25rem; } dt { font-weight: 600; } dd { margin: 0; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; font-size: .9rem; }`

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** The page, with the list of all pages below it. */
export function html({ title, what, number, made, headers, pages }: DemoPage): string {
  const sent = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)
  const list = pages.map((page) => `<dt><a href="${page.path}">${escape(page.title)}</a></dt><dd>${escape(page.what)}</dd>`)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · Lacquer demo</title><style>${STYLE}
</style></head>
<body>
<h1>${escape(title)} <small>Lacquer demo</small></h1>
<p>${escape(what)}.</p>
<p>This copy was made for <strong>request ${number}</strong> to the origin, at <time>${made.toISOString()}</time>. The origin sent with it:</p>
<pre>${escape(sent.join('')) || 'nothing about caching'}</pre>
<p>Reload, and watch whether the number changes. With <code>curl -i</code> look at <code>Age</code> (seconds since the origin made it),
<code>Cache-Status</code> (hit or why not) and <code>X-Origin-Request</code> (the number above).</p>
<dl>
${list.join('\n')}
</dl>
<footer>Served by the origin that Lacquer starts when it is given neither <code>-b</code> nor <code>-f</code>. To put it in front of your own:
<code>lacquer serve -a :6081 -b localhost:8080</code></footer>
</body>
</html>
`
}
