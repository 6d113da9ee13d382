// What a JavaScript client of Socket.IO sees of the profile sioc2.
// node socketio.js URL CLIENT TRANSPORTS
const [url, name, transports] = process.argv.slice(2)
const io = require(name)
const old = parseInt(name.split('-')[1]) < 3
const assert = require('assert')

const options = extra => Object.assign({ forceNew: true, reconnection: false, transports: transports.split(',') }, extra)
const connect = (path = '', extra) => io(url + path, options(extra))
const once = (socket, event) => new Promise(resolve => socket.once(event, (...args) => resolve(args)))
const ask = (socket, ...args) => new Promise(resolve => socket.emit(...args, (...answer) => resolve(answer)))
const bytes = Buffer.from('asdfasdf')
const answers = async (socket, event, args, answer) => {
  const [got] = await Promise.all([once(socket, answer), socket.emit(event, ...args)])
  return got
}

const tests = {
  async 'events and acks' (socket) {
    assert.deepStrictEqual(await answers(socket, 'hi', [], 'hi'), [])
    assert.deepStrictEqual(await answers(socket, 'false', [], 'false'), [false])
    socket.on('ack', answer => answer(5, { test: true }))
    await answers(socket, 'ack', [], 'got it')
    const [date] = await ask(socket, 'getAckDate', { test: true })
    assert(!isNaN(new Date(date)), date)
    assert(!isNaN(new Date((await answers(socket, 'getDate', [], 'takeDate'))[0])))
    assert(!isNaN(new Date((await answers(socket, 'getDateObj', [], 'takeDateObj'))[0].date)))
  },
  async 'UTF-8' (socket) {
    const texts = []
    const all = new Promise(resolve => socket.on('takeUtf8', text => texts.push(text) === 5 && resolve()))
    socket.emit('getUtf8')
    await all
    assert.deepStrictEqual(texts, ['てすと', 'Я Б Г Д Ж Й', 'Ä ä Ü ü ß', 'utf8 — string', 'utf8 — string'])
  },
  async 'binary' (socket) {
    assert.deepStrictEqual(Buffer.from((await answers(socket, 'doge', [], 'doge'))[0]), bytes)
    assert.deepStrictEqual(Buffer.from((await answers(socket, 'getbin', [], 'takebin'))[0]), bytes)
    await answers(socket, 'buffa', [bytes], 'buffack')
    await answers(socket, 'jsonbuff', [{ hello: 'lol', message: bytes, goodbye: 'gotcha' }], 'jsonbuff-ack')
    socket.emit('abuff1', bytes)
    await answers(socket, 'abuff2', ['please arrive second'], 'abuff2-ack')
    socket.emit('blob1', bytes)
    socket.emit('blob2', 'second')
    await answers(socket, 'blob3', [bytes], 'blob3-ack')
  },
  async 'ids' (socket) {
    const engine = socket.io.engine.id
    assert.strictEqual(socket.id === engine, old, `${socket.id} of session ${engine}`)
    const foo = socket.io.socket('/foo')
    await once(foo, 'connect')
    assert.strictEqual(foo.id === '/foo#' + engine, old, `${foo.id} of session ${engine}`)
  },
  async 'queries' () {
    const root = connect('', { query: { e: 'f' } })
    const [{ query }] = await ask(root, 'getHandshake')
    assert.strictEqual(query.e, 'f')
    root.close()
    for (const args of [['/abc?b=c&d=e'], ['/abc', { query: { b: 'c', '&a': '&=?a' } }]]) {
      const abc = connect(...args)
      const [{ query }] = await once(abc, 'handshake')
      assert.strictEqual(query.b, 'c')
      assert(query.d === 'e' || query['&a'] === '&=?a', JSON.stringify(query))
      abc.close()
    }
  },
  async 'refusals' (socket) {
    const event = old ? 'error' : 'connect_error'
    const text = error => old ? error : error.message
    const failed = connect('', { query: { fail: 'true' } })
    failed.on('connect', () => { throw new Error('a client that is refused sees a connect') })
    assert.strictEqual(text((await once(failed, event))[0]), 'Auth failed (main namespace)')
    failed.close()
    const no = socket.io.socket('/no')
    assert.strictEqual(text((await once(no, event))[0]), 'Auth failed (custom namespace)')
    const nope = socket.io.socket('/nope')
    assert.strictEqual(text((await once(nope, event))[0]), 'Invalid namespace')
  },
  async 'namespaces' (socket) {
    for (const name of ['/foo', '/timeout_socket', '/valid', '/asd']) {
      const other = socket.io.socket(name)
      if (!other.connected) await once(other, 'connect')
      other.disconnect()
      assert(socket.connected)
    }
    const [hi] = [await answers(socket, 'hi', [], 'hi')]
    assert.deepStrictEqual(hi, [])
  }
}

async function run () {
  for (const [title, test] of Object.entries(tests)) {
    const socket = connect()
    await once(socket, 'connect')
    await test(socket).catch(err => { throw new Error(`${title}: ${err.stack}`) })
    socket.close()
  }
}

run().then(() => process.exit(0), err => { console.error(err.message); process.exit(1) })
