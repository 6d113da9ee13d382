// A hall full of socket.io clients, of any version, driven by JSON lines.
//
// in:  {"do":"connect","who":"a","client":"2.1.1","url":"http://127.0.0.1:3000","options":{"transports":["websocket"]}}
//      {"do":"emit","who":"a","args":"'chat', Buffer.from('abc')"}     args is JavaScript, so that every value can be said
//      {"do":"raw","who":"a","packets":"['2[\"chat\"]']"}              as engine.io messages, past the client's own encoder
//      {"do":"close","who":"a"}
// out: {"who":"a","event":"connect"} and so on, in the order in which things happened
//
// It ends when its input does, so nothing outlives the test.
'use strict'

const clients = new Map()

function tell (who, event, value) {
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
      tell(who, 'connect', socket.id)
      const engine = socket.io.engine
      tell(who, 'transport', engine.transport.name)
      engine.on('upgrade', transport => tell(who, 'transport', transport.name))
    })
    for (const event of ['connect_error', 'error', 'disconnect']) {
      // Clients of 4.x keep the server's answer to a poll that was refused.
      socket.on(event, reason => tell(who, event, [reason, reason?.context?.responseText].filter(Boolean).join(': ')))
    }
    // What is no string is marked, so that 123 and '123' differ.
    socket.on('chat', (...args) => {
      tell(who, 'chat', args.map(a => typeof a === 'string' ? a : `(${typeof a}) ${a}`).join(' and '))
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

process.on('uncaughtException', err => tell('', 'crash', err.stack))

require('readline').createInterface({ input: process.stdin })
  .on('line', line => {
    const command = JSON.parse(line)
    commands[command.do](command)
  })
  .on('close', () => process.exit(0))
