// Package limit bounds what strangers can use of a process: connections, sessions in
// all and of one address, and handshakes a second of one address. One Limiter and one
// Connections serve all nodes of a process, because its nodes share its descriptors.
package limit
