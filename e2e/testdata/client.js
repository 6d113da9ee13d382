// Runs socket.io clients of any version, controlled by JSON lines.
//
// in:  {"do":"connect","who":"a","client":"2.1.1","url":"http://127.0.0.1:3000","options":{"transports":["websocket"]}}
//      {"do":"emit","who":"a","args":"'chat', Buffer.from('abc')"}     args is JavaScript, for values that JSON lacks
//      {"do":"raw","who":"a","packets":"['2[\"chat\"]']"}              as engine.io messages, past the client's own encoder
//      {"do":"speak","who":"a","label":"before","lines":20,"bytes":1000}   as fast as the server reads: see spoken
//      {"do":"close","who":"a"}
//      {"do":"repeat","who":"a","every":20}     says "a 0", "a 1" and so on, over a websocket, until
//      {"do":"hush"}
// With "audit" a client checks spoken lines instead of printing them. With "pingInterval" a client of 1.x or 2.x pings so often.
// out: {"who":"a","event":"connect"} and so on, in order
//
// It ends with its input, and so with the test.
'use strict'

const { createHash, randomBytes } = require('crypto')

const clients = new Map()
const speaking = []

function report (who, event, value) {
  process.stdout.write(JSON.stringify({ who, event, value }) + '\n')
}

function evaluate (source) {
  return (0, eval)(`(Buffer => ${source})`)(Buffer)
}

// A spoken line is: speaker, number, number of the last line, random text of so many bytes, checksum.
function spoken (speaker, n, lines, bytes) {
  const line = [speaker, n, lines, randomBytes(bytes * 3 / 4).toString('base64')].join('\t')
  return `${line}\t${checksum(line)}`
}

function checksum (line) {
  return createHash('md5').update(line).digest('hex')
}

// An auditor reports a speaker's last line, and each line that is not the speaker's next.
function auditor (who) {
  const heard = new Map()
  return line => {
    const at = line.lastIndexOf('\t')
    const [speaker, n, lines] = line.split('\t', 3)
    const next = (heard.get(speaker) ?? 0) + 1
    if (checksum(line.slice(0, at)) !== line.slice(at + 1)) report(who, 'wrong', `garbled: ${line.slice(0, 100)}`)
    if (Number(n) !== next) report(who, 'wrong', `line ${n} instead of ${next} of: ${speaker}`)
    heard.set(speaker, Number(n))
    if (n === lines) report(who, 'complete', speaker)
  }
}

const commands = {
  connect ({ who, client, url, options, audit, pingInterval }) {
    const io = require(`client-${client}`)
    const socket = io(url, Object.assign({ forceNew: true }, options))
    clients.set(who, socket)
    if (pingInterval) socket.io.engine.on('handshake', data => { data.pingInterval = pingInterval })
    if (audit) {
      socket.on('chat', auditor(who))
      socket.io.engine.on('packet', ({ type }) => { if (type !== 'message') report(who, type) })
    }
    socket.on('connect', () => {
      report(who, 'connect', socket.id)
      const engine = socket.io.engine
      report(who, 'transport', engine.transport.name)
      engine.on('upgrade', transport => report(who, 'transport', transport.name))
    })
    for (const event of ['connect_error', 'error', 'disconnect']) {
      // Clients of 4.x have the answer to a refused poll here.
      socket.on(event, reason => report(who, event, [reason, reason?.context?.responseText].filter(Boolean).join(': ')))
    }
    // Other types than strings are marked, so that 123 and '123' differ.
    if (!audit) socket.on('chat', (...args) => {
      report(who, 'chat', args.map(a => typeof a === 'string' ? a : `(${typeof a}) ${a}`).join(' and '))
    })
  },
  emit ({ who, args }) {
    clients.get(who).emit(...evaluate(`[${args}]`))
  },
  raw ({ who, packets }) {
    const engine = clients.get(who).io.engine
    for (const packet of evaluate(packets)) engine.write(packet)
  },
  speak ({ who, label, lines, bytes }) {
    const socket = clients.get(who)
    const engine = socket.io.engine
    let n = 0
    const more = () => {
      for (let sent = 0; n < lines && sent < 128 << 10; sent += bytes) {
        socket.emit('chat', spoken(`${label}, ${who}`, ++n, lines, bytes))
      }
      if (n === lines) engine.off('drain', more)
    }
    engine.on('drain', more)
    more()
  },
  close ({ who }) {
    clients.get(who).close()
  },
  repeat ({ who, every }) {
    const socket = clients.get(who)
    let n = 0
    speaking.push(setInterval(() => {
      // A websocket that has got a close frame drops what is sent, and the client learns that later.
      if (!socket.connected || socket.io.engine.transport?.ws?.readyState !== 1) return
      const line = `${who} ${n++}`
      socket.emit('chat', line)
      report(who, 'said', line)
    }, every))
  },
  hush ({ who }) {
    for (const timer of speaking) clearInterval(timer)
    report(who, 'hushed')
  }
}

process.on('uncaughtException', err => report('', 'crash', err.stack))

require('readline').createInterface({ input: process.stdin })
  .on('line', line => {
    const command = JSON.parse(line)
    commands[command.do](command)
  })
  .on('close', () => process.exit(0))
