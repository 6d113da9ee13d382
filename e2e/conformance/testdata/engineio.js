// What a JavaScript client of Engine.IO sees of the profile eioc3.
// node engineio.js URL CLIENT TRANSPORTS, where CLIENT is a client of Socket.IO that brings it.
const [url, name, transports] = process.argv.slice(2)
const engine = require(require.resolve('engine.io-client', { paths: [require.resolve(name)] }))
const assert = require('assert')

const open = engine.Socket || engine
const once = (socket, event) => new Promise(resolve => socket.once(event, resolve))
const connect = () => new open(url, { transports: transports.split(',') })

async function run () {
  const socket = connect()
  const messages = []
  let wake = () => {}
  socket.on('message', message => { messages.push(message); wake() })
  const next = async () => {
    while (messages.length === 0) await new Promise(resolve => { wake = resolve })
    return messages.shift()
  }
  assert.strictEqual(await next(), 'hi')
  if (transports.split(',').length > 1) await once(socket, 'upgrade')
  for (const [message, want] of [
    ['x', 'x'],
    ['give utf8', 'пойду сать всем мпокойной ночи'],
    ['give binary', Buffer.from([0, 1, 2, 3, 4])],
    [Buffer.from([9, 0, 255]), Buffer.from([9, 0, 255])]
  ]) {
    socket.send(message)
    const got = await next()
    assert.deepStrictEqual(typeof got === 'string' ? got : Buffer.from(got), want)
  }
  const texts = []
  for (let i = 0; i < 100; i++) socket.send(String(i))
  while (texts.length < 100) texts.push(await next())
  assert.deepStrictEqual(texts, Array.from(Array(100), (_, i) => String(i)))
  const closed = once(socket, 'close')
  socket.close()
  assert.strictEqual(await closed, 'forced close')
}

run().then(() => process.exit(0), err => { console.error(err.stack); process.exit(1) })
