// Runs socket.io clients of any version, controlled by JSON lines.
//
// in:  {"do":"connect","who":"a","client":"2.1.1","url":"http://127.0.0.1:3000","options":{"transports":["websocket"]}}
//      {"do":"emit","who":"a","args":"'chat', Buffer.from('abc')"}     args is JavaScript, for values that JSON lacks
//      {"do":"raw","who":"a","packets":"['2[\"chat\"]']"}              as engine.io messages, past the client's own encoder
//      {"do":"close","who":"a"}
// out: {"who":"a","event":"connect"} and so on, in order
//
// It ends with its input, and so with the test.
'use strict'

const clients = new Map()

function report (who, event, value) {
  process.stdout.write(JSON.stringify({ who, event, value }) + '\n')
}

function evaluate (source) {
  return (0, eval)(`(Buffer => ${source})`)(Buffer)
}

const commands = {
  connect ({ who, client, url, options }) {
    const io = require(`client-${client}`)
    const socket = io(url, Object.assign({ forceNew: true }, options))
    clients.set(who, socket)
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
    socket.on('chat', (...args) => {
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
  close ({ who }) {
    clients.get(who).close()
  }
}

process.on('uncaughtException', err => report('', 'crash', err.stack))

require('readline').createInterface({ input: process.stdin })
  .on('line', line => {
    const command = JSON.parse(line)
    commands[command.do](command)
  })
  .on('close', () => process.exit(0))
