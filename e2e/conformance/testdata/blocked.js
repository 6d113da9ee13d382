// A JavaScript client whose handler blocks at the server, which stops reading, stays connected.
// node blocked.js URL CLIENT TRANSPORTS
const [url, name, transports] = process.argv.slice(2)
const io = require(name)

const connect = () => io(url, { forceNew: true, reconnection: false, transports: transports.split(',') })
const fail = why => { console.error(why); process.exit(1) }

const socket = connect()
socket.on('disconnect', reason => fail('disconnected: ' + reason))
socket.on('connect', () => {
  const sent = 300
  const acked = []
  socket.emit('block')
  for (let i = 0; i < sent; i++) {
    socket.emit('echo', i, 'x'.repeat(1000), n => {
      acked.push(n)
      if (acked.length < sent) return
      if (acked.some((n, i) => n !== i)) fail('acks out of order: ' + acked)
      process.exit(0)
    })
  }
  let alive = 0 // packets that keep the client alive, many times longer than it would wait
  socket.io.engine.on('packet', packet => {
    if ((packet.type === 'noop' || packet.type === 'ping') && ++alive === 10) connect().emit('release', acked.length)
  })
})
