import { describe, expect, test } from 'vitest'
import { isResponse, responseTo } from '../../../../src/admin/cli/secret.ts'
import { Session } from '../../../../src/admin/cli/session.ts'
import { Fault, STATUS } from '../../../../src/admin/fault.ts'
import type { Program } from '../../../../src/admin/program.ts'
import { defaultParameters } from '../../../../src/config/parameters.ts'

const SECRET = Buffer.from('s3cret\n')
const CHALLENGE = 'abcdefghijklmnopqrstuvwxyzabcdef'

/** A program that keeps what it is told. */
function programOf(heard: string[][]): Program {
  const note =
    (name: string) =>
    (...args: string[]): Promise<string> => {
      heard.push([name, ...args])
      if (args[0] === 'bad') return Promise.reject(new Fault(STATUS.param, 'No.'))
      if (args[0] === 'broken') return Promise.reject(new Error('a mistake of ours'))
      return Promise.resolve('')
    }
  return {
    rules: { load: note('load'), inline: note('inline'), use: note('use') },
    parameters: { values: defaultParameters, set: () => Promise.resolve('now') },
    now_s: () => 1000.5,
    state: () => 'running',
    platform: 'Linux',
    version: '1',
    pid: 42,
    bans: () => [],
    ban: (words: string[]) => note('ban')(...words),
    panic: () => undefined,
    stores: () => [{ name: 's0', kind: 'memory' }],
  } as unknown as Program
}

/** A session, what it answers, and what the program was told. */
function open(authenticates = false, limit = 48 * 1024) {
  const heard: string[][] = []
  const answers: string[] = []
  const flow: string[] = []
  const state = { ended: false, failures: 0, slow: false }
  const session = new Session({
    program: programOf(heard),
    peer: {
      write: (text) => {
        answers.push(text)
        return !state.slow
      },
      end: () => (state.ended = true),
      pause: () => void flow.push('pause'),
      resume: () => void flow.push('resume'),
    },
    authority: authenticates
      ? { newChallenge: () => CHALLENGE, admits: (response, challenge) => isResponse(response, challenge, SECRET) }
      : undefined,
    limit: () => limit,
    onFailed: () => state.failures++,
  })
  const say = async (text: string): Promise<string> => {
    const before = answers.length
    session.take(text)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    return answers.slice(before).join('')
  }
  return { session, answers, heard, say, state, flow }
}

describe('commands', () => {
  test.each([
    ['ping\n', '200 15      \nPONG 1000 1.0\n'.replace('15      ', '13      ')],
    ['ping\r', '200 13      \nPONG 1000 1.0\n'],
    ['  ping\n', '200 13      \nPONG 1000 1.0\n'],
    ['-ping\n', '200 13      \nPONG 1000 1.0\n'],
    ['status\n', '200 22      \nChild in state running\n'],
    ['\n\r\n', ''],
  ])('%j', async (line, answer) => {
    expect(await open().say(line)).toBe(answer)
  })

  test.each([
    ['nonsense', 101, /^Unknown request\.\nType 'help' for more info\.\n$/],
    ['vcl.lsit', 101, /Did you mean vcl\.list\?/],
    ['PING', 101, /all commands are in lower-case\./],
    ['vcl.use', 104, /^Too few parameters\n$/],
    ['vcl.use a b', 105, /^Too many parameters\n$/],
    ['vcl.use -j a', 102, /^JSON unimplemented\n$/],
    ['vcl.use bad', 106, /^No\.$/],
    ['vcl.use broken', 300, /^a mistake of ours$/],
    ['vcl.use "a', 100, /Syntax Error: Missing '"'\n$/],
    ['panic.show', 300, /has not panicked/],
    ['param.show nope', 106, /^Unknown parameter "nope"\.$/],
    ['param.set thread_pools 2', 106, /^Unknown parameter "thread_pools"\.\nvarnishd has it; there is nothing here that it sets\.$/],
    ['param.show default_tl', 106, /Did you mean default_ttl\?/],
    ['help nope', 101, /Unknown request/],
    ['quit', 500, /^Closing CLI connection$/],
  ])('%s is answered %i', async (line, status, body) => {
    const answer = await open().say(`${line}\n`)
    expect(answer.slice(0, 3)).toBe(String(status))
    expect(answer.slice(13, -1)).toMatch(body)
  })

  test('several in one piece, and one in many: answers in order, and no more is taken in while one is carried out', async () => {
    const { say, answers, heard, flow } = open()
    await say('vcl.use a\nping\nvcl.use b\n')
    for (const letter of 'vcl.use c\n') await say(letter)
    expect(heard).toEqual([
      ['use', 'a'],
      ['use', 'b'],
      ['use', 'c'],
    ])
    expect(answers.map((answer) => answer.slice(13, 17))).toEqual(['VCL ', 'PONG', 'VCL ', 'VCL '])
    expect(flow).toEqual(Array.from({ length: 4 }, () => ['pause', 'resume']).flat())
  })

  test('a client that does not take its answers is not given more of them', async () => {
    const { session, say, answers, state } = open()
    state.slow = true
    await say('ping\nping\nping\n')
    expect(answers.length).toBe(1)
    session.drained()
    await say('')
    expect(answers.length).toBe(2)
    state.slow = false
    session.drained()
    await say('')
    expect(answers.length).toBe(3)
    expect(await say('ping\n')).toContain('PONG')
  })

  test('a here-document is the last word, with its line ends; what stands behind its mark is not looked at', async () => {
    const { say, heard } = open()
    await say('vcl.inline v << %EOF%\nvcl 4.1;\nbackend default none;\n%EO')
    expect(heard).toEqual([])
    expect(await say('F% rest\nping\n')).toContain('PONG')
    expect(heard).toEqual([['inline', 'v', 'vcl 4.1;\nbackend default none;\n', undefined]])
  })

  test('an answer that is too long is cut off, and says so', async () => {
    const answer = await open(false, 100).say('help\n')
    expect(answer.slice(0, 13)).toBe('201 99      \n')
    expect(answer.length).toBe(13 + 99 + 1)
  })

  test('what is not ASCII is counted in bytes', async () => {
    const answer = await open().say('param.show clock_skew\n')
    const length = Number(answer.slice(4, 12))
    expect(answer.length).toBe(13 + length + 1)
    expect(Buffer.from(answer, 'latin1').toString('utf8')).toContain('backend’s clock')
  })

  test('JSON can be read for each command that has it', async () => {
    const { say } = open()
    const rows = JSON.parse((await say('help -j\n')).slice(13)) as [number, string[], number, ...{ request: string; json: boolean }[]]
    expect(rows.slice(0, 2)).toEqual([2, ['help', '-j']])
    for (const { request, json } of rows.slice(3) as { request: string; json: boolean }[]) {
      if (!json || ['explain', 'vcl.list', 'vcl.deps', 'backend.list', 'param.set', 'panic.show'].includes(request)) continue
      const [version, words] = JSON.parse((await say(`${request} -j\n`)).slice(13)) as [number, string[]]
      expect([version, words]).toEqual([2, [request, '-j']])
    }
  })
})

describe('who is there', () => {
  test('a connection begins with a challenge, and its answer opens it', async () => {
    const { session, say, answers } = open(true)
    session.greet()
    expect(answers[0]).toBe(`107 59      \n${CHALLENGE}\n\nAuthentication required.\n\n`)
    expect(await say(`auth ${responseTo(CHALLENGE, SECRET).toUpperCase()}\n\n`)).toMatch(/^200 .*Lacquer CLI 1\.0/s)
    expect(await say('vcl.use a\n')).toMatch(/^200/)
  })

  test('a wrong answer, or another command, ends it; a challenge is good for one answer', async () => {
    for (const line of ['auth 00', 'auth', 'vcl.use a', 'nonsense', 'auth 1 2']) {
      const { session, say, state, heard } = open(true)
      session.greet()
      expect((await say(`${line}\n`)).slice(0, 3), line).not.toBe('200')
      expect(state.ended, line).toBe(true)
      expect(await say(`auth ${responseTo(CHALLENGE, SECRET)}\nvcl.use a\n`)).toBe('')
      expect(heard).toEqual([])
    }
  })

  test('strangers may ask for help, and ping; here-documents are not theirs', async () => {
    const { session, say, state } = open(true)
    session.greet()
    expect(await say('ping\n')).toMatch(/^200/)
    expect(await say('help\n')).toMatch(/^200/)
    expect(await say('help << EOF\n')).toMatch(/^105/)
    expect(state.ended).toBe(true)
  })

  test('auth again, when it is known who it is, ends it', async () => {
    const { session, say, state } = open(true)
    session.greet()
    await say(`auth ${responseTo(CHALLENGE, SECRET)}\n`)
    expect(await say(`auth ${responseTo(CHALLENGE, SECRET)}\n`)).toBe('500 0       \n\n')
    expect(state.ended).toBe(true)
  })
})

describe('what is no client', () => {
  test('a browser that a web page sends here', async () => {
    const { say, state, heard } = open()
    expect(await say('POST / HTTP/1.1\r\nHost: x\r\n\r\nvcl.use a\n')).toMatch(/^500/)
    expect(state.ended).toBe(true)
    expect(heard).toEqual([])
  })

  test.each([
    [true, 300],
    [false, 2 ** 20 + 1],
  ])('a line without end (asked who it is: %s)', async (authenticates, size) => {
    const { say, state } = open(authenticates)
    expect(await say('a'.repeat(size))).toMatch(/^500/)
    expect(state.ended).toBe(true)
  })

  test('a here-document without end', async () => {
    const { say, state } = open()
    await say('vcl.inline v << EOF\n')
    for (let i = 0; i < 17 && !state.ended; i++) await say('a'.repeat(2 ** 20))
    expect(state.ended).toBe(true)
  })
})
