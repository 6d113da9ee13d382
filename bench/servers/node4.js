// The same chat on socket.io 4.8, which also answers the clients of 2.x. Run as: node node4.js PORT REDIS_PORT MODULE
const [port, redisPort, module4] = process.argv.slice(2)
const app = require('express')()
const server = require('http').createServer(app)
const { Server } = require(module4)
const io = new Server(server, { allowEIO3: true })
const redis = require('redis')
const sub = redis.createClient(redisPort)
const pub = sub.duplicate()

io.on('connection', socket => {
  socket.on('chat', msg => {
    pub.publish('chat', msg)
  })
})

sub.on('message', (channel, message) => {
  io.emit('chat', message)
})

sub.subscribe('chat')

server.listen(port, () => {
  console.log(`listening on localhost:${port}`)
})
