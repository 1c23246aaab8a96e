import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { keysOf } from '../../../src/tools/screen/keys.ts'
import { hasScreen, Screen } from '../../../src/tools/screen/screen.ts'
import { Said } from '../../../src/tools/screen/session.ts'

/** A terminal that only remembers. */
class Terminal extends EventEmitter {
  isTTY = true
  rows = 3
  columns = 10
  writableNeedDrain = false
  written = ''
  raw: boolean[] = []

  write(text: string): boolean {
    this.written += text
    return true
  }
  setRawMode(is_raw: boolean): void {
    this.raw.push(is_raw)
  }
  resume(): void {}
  pause(): void {}
  take(): string {
    const { written } = this
    this.written = ''
    return written
  }
}

describe('a screen', () => {
  let close = (): void => {}
  afterEach(() => close())

  function open(): { terminal: Terminal; screen: Screen; keys: string[]; redraws: () => number } {
    const terminal = new Terminal()
    const keys: string[] = []
    let redraws = 0
    const screen = new Screen(
      terminal as never,
      terminal as never,
      (key) => keys.push(key),
      () => redraws++,
    )
    close = () => screen.close()
    return { terminal, screen, keys, redraws: () => redraws }
  }

  test('writes only lines that have changed, and nothing that would move the cursor', () => {
    const { terminal, screen } = open()
    expect(terminal.take()).toBe('\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J')
    screen.draw([{ text: 'a' }, { text: 'b', style: 'bar' }, { text: 'evil\x1b[2J\n\xe9 and too long' }])
    expect(terminal.take()).toBe('\x1b[1;1Ha\x1b[m\x1b[K\x1b[2;1H\x1b[7mb         \x1b[m\x1b[K\x1b[3;1Hevil.[2J..\x1b[m\x1b[K')
    screen.draw([{ text: 'a' }, { text: 'c', style: 'bold' }])
    expect(terminal.take()).toBe('\x1b[2;1H\x1b[1mc\x1b[m\x1b[K\x1b[3;1H\x1b[m\x1b[K')
  })

  test('waits for a terminal that is behind', () => {
    const { terminal, screen } = open()
    terminal.take()
    terminal.writableNeedDrain = true
    screen.draw([{ text: 'a' }])
    expect(terminal.take()).toBe('')
    terminal.writableNeedDrain = false
    screen.draw([{ text: 'a' }])
    expect(terminal.take()).toContain('a')
  })

  test('is drawn again when its size is another, and with CTRL-L', () => {
    const { terminal, screen, redraws, keys } = open()
    terminal.rows = 0
    expect(screen.size).toEqual({ rows: 24, columns: 10 })
    terminal.emit('resize')
    terminal.emit('data', Buffer.from('\x0cq\x1b[B'))
    expect(redraws()).toBe(2)
    expect(keys).toEqual(['q', 'down'])
  })

  test('leaves the terminal as it was', () => {
    const { terminal, screen } = open()
    terminal.take()
    screen.close()
    close = () => {}
    expect([terminal.take(), terminal.raw]).toEqual(['\x1b[?25h\x1b[?1049l', [true, false]])
    expect(['data', 'resize'].map((name) => terminal.listenerCount(name))).toEqual([0, 0])
  })
})

test.each([
  ['q', 'q'],
  ['\x1b[A\x1bOB', 'up down'],
  ['\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[H\x1bOF', 'pageup pagedown home end home end'],
  ['\x02\x03\x14', 'ctrl-b ctrl-c ctrl-t'],
  ['\x1b[99;5u', 'other'],
])('keys of %j', (data, keys) => {
  expect(keysOf(data).join(' ')).toBe(keys)
})

test.each([
  [true, true, 'xterm', true],
  [false, true, 'xterm', false],
  [true, false, 'xterm', false],
  [true, true, 'dumb', false],
  [true, true, undefined, false],
])('a terminal with input %s, output %s and TERM=%s has a screen: %s', (input, output, term, expected) => {
  expect(hasScreen({ isTTY: input } as never, { isTTY: output } as never, term)).toBe(expected)
})

test('what the reading says is in the second line for a while', () => {
  const said = new Said()
  const lines = [{ text: 'a' }, { text: '' }, { text: 'c' }]
  const size = { rows: 3, columns: 10 }
  expect(said.over(lines, size)).toBe(lines)
  said.say('Log overrun')
  for (let i = 0; i < 5; i++) expect(said.over(lines, size)[1].text).toBe('Log overrun')
  expect(said.over(lines, size)).toBe(lines)
})
