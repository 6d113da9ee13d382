package packet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var lines = map[string]string{
	"ascii":    strings.Repeat("hello, world ", 8),
	"japanese": strings.Repeat("こんにちは、世界。", 8),
	"escaped":  strings.Repeat("say \"hi\"\n", 8),
}

func BenchmarkEncodeLine(b *testing.B) {
	for name, line := range lines {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			var event, frame []byte
			for b.Loop() {
				event = AppendJSONString(append(event[:0], `42["chat",`...), []byte(line))
				event = append(event, ']')
				frame = AppendFrame(frame[:0], false, event)
			}
		})
	}
}

func BenchmarkPayload3(b *testing.B) {
	for name, line := range lines {
		p := Packet{Type: Message, Data: []byte(line)}
		body, _ := AppendPayload3(nil, slices.Values([]Packet{p, p, p, p}), false)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				for _, err := range Payload3(body) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkDecodeSocket4(b *testing.B) {
	b.ReportAllocs()
	text := fmt.Appendf(nil, "2[%q,%q]", "chat", lines["ascii"])
	for b.Loop() {
		if _, err := DecodeSocket4(text); err != nil {
			b.Fatal(err)
		}
	}
}
