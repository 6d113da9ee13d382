package packet

// DecodeSocket4 decodes one text packet of Socket.IO protocol 4. It returns
// ErrIgnored for packets that the original drops, and ErrFatal for packets that
// make it close the session. The payload is an array in all types except
// ConnectError.
//
// JSON nested deeper than 256 levels, and an array of more than 1,024 elements, are
// ErrIgnored too. The original accepts both, and may crash later.
//
// Source: decodeString of socket.io-parser 3.2, ondecoded of socket.io 2.1.
func DecodeSocket4(text []byte) (SocketPacket, error) {
	p, payload, err := decodeHeader(text)
	if err != nil {
		return SocketPacket{}, err
	}
	if len(payload) > 0 {
		var ok bool
		if p.Type == ConnectError {
			// The original treats the value false as a parse error.
			ok = payload[0] != 'f' && validValue(payload)
		} else {
			p.Elements, ok = splitArray(payload)
		}
		if !ok {
			return SocketPacket{}, ErrIgnored
		}
		p.Data = payload
	}
	if p.Type == Connect {
		p.Namespace, p.Query = splitNamespace(p.Namespace)
	}
	return p, nil
}
