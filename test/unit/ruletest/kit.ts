import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultParameters } from '../../../src/config/parameters.ts'
import { PLAIN, reportText } from '../../../src/ruletest/report.ts'
import { runSuite, type SuiteOptions, type SuiteReport } from '../../../src/ruletest/suite.ts'

/** Rules with something for every expectation. */
export const RULES = `vcl 4.1;

import std;

backend default { .host = "127.0.0.1"; }
backend api { .host = "127.0.0.1"; .port = "8081"; .first_byte_timeout = 5s; }

acl editors { "192.0.2.0"/24; }

sub vcl_recv {
    set req.http.X-Seen = "yes";
    if (req.url ~ "^/api/") {
        set req.backend_hint = api;
        return (pass);
    } elsif (req.url == "/gone") {
        return (synth(410, "Gone Away"));
    } elsif (req.url == "/ws") {
        return (pipe);
    } elsif (req.url == "/again" && req.restarts == 0) {
        std.log("again");
        return (restart);
    } elsif (req.url == "/fail") {
        return (fail("as wished"));
    }
    if (req.method == "PURGE") {
        if (client.ip ~ editors) {
            return (purge);
        }
        return (synth(403));
    }
}

sub vcl_backend_response {
    if (bereq.url == "/retry" && bereq.retries == 0) {
        return (retry);
    }
    if (bereq.url == "/hfp") {
        return (pass(1m));
    }
    if (bereq.url == "/hfm") {
        set beresp.uncacheable = true;
        return (deliver);
    }
    set beresp.do_esi = bereq.url == "/page";
    set beresp.ttl = 1m;
    set beresp.grace = 10s;
    set beresp.keep = 20s;
    set beresp.http.X-From = bereq.backend;
    unset beresp.http.Server;
}

sub vcl_deliver {
    set resp.http.X-Url = req.url;
}
`

const EVERYTHING: SuiteOptions = { parameters: defaultParameters, policy: undefined, names: [], all: false }

/** Runs tests of rules that lie in a folder of their own. */
export async function play(
  tests: string,
  rules = RULES,
  options: Partial<SuiteOptions> = {},
  others: Readonly<Record<string, string>> = {},
): Promise<SuiteReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ruletest-'))
  try {
    writeFileSync(join(folder, 'x.vcl'), rules, 'latin1')
    writeFileSync(join(folder, 'x.test'), tests, 'latin1')
    for (const [name, text] of Object.entries(others)) writeFileSync(join(folder, name), text, 'latin1')
    return await runSuite(join(folder, 'x.test'), { ...EVERYTHING, ...options })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What failed, as `LINE: MESSAGE`. */
export async function failuresOf(tests: string, rules = RULES): Promise<string[]> {
  const { outcomes } = await play(tests, rules)
  return outcomes.flatMap(({ failures }) => failures.map(({ at, message }) => `${at.line}: ${message}`))
}

/** The report without the name of the folder. */
export async function printed(tests: string, rules = RULES, options: Partial<SuiteOptions> = {}): Promise<string> {
  const report = await play(tests, rules, options)
  return reportText(report, PLAIN).replaceAll(/[^\s(]*ruletest-\w+\//g, '')
}
