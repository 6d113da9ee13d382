package packet

// DecodeSocket4 decodes one text packet of Socket.IO protocol 4. The error is
// ErrIgnored for what the original drops, and ErrFatal for what makes it
// close the session. Only the payload of ConnectError is not an array.
//
// JSON nested deeper than encoding/json follows, 10,000 levels, is ErrIgnored
// too; the original parses it, and may die of it later.
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
			// To the original the value false is how a parse error looks.
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
