// Package static answers every request that is not the engine's:
//
//	/                          the chat page, byte for byte the original's
//	/socket.io/socket.io.js    the client script, and .map, for pages that load it from the server: as
//	                           socket.io 2.1.1 serves it if `go generate` has fetched it, else a redirect
//	                           to the file that the chat page loads
//	/socket.io/...             passed on to the engine
//	anything else              404, with the error page of Express 4.16
//
// The paths below /socket.io/ are compared as they stand in the request line, as the original does. An
// http.ServeMux cleans paths, so none may come before this handler.
package static
