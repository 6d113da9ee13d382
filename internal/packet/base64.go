package packet

// decodeBase64 decodes as Node's Buffer.from(s, "base64") does. It accepts both
// alphabets, with or without padding, skips other characters, ends at the first =,
// and drops bits that do not fill a byte.
//
// One difference: for characters above U+00FF Node uses the low byte. This
// function skips them like other characters.
func decodeBase64(src []byte) []byte {
	dst := make([]byte, 0, len(src)/4*3+3)
	var bits uint32
	var count int
	for _, c := range src {
		if c == '=' {
			break
		}
		v := base64Values[c]
		if v == noBase64 {
			continue
		}
		bits = bits<<6 | uint32(v)
		if count += 6; count >= 8 {
			count -= 8
			dst = append(dst, byte(bits>>count))
		}
	}
	return dst
}

const noBase64 = 0xff

var base64Values = func() (table [256]byte) {
	for i := range table {
		table[i] = noBase64
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	table['+'], table['-'] = 62, 62
	table['/'], table['_'] = 63, 63
	return table
}()
