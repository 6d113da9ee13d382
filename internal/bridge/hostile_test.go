package bridge

import (
	"fmt"
	"strings"
	"testing"
)

// What go-socket.io, left alone, answers with the end of the connection or of
// the process.
func TestHostilePacketsCostNothing(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for _, c := range []struct {
		name string
		send []string
	}{
		{"a placeholder in a plain event", []string{`42["buffer",{"_placeholder":true,"num":5}]`}},
		{"a placeholder in disguise", []string{`42["buffer",{"_PLACEHOLDER":true,"NUM":5}]`,
			`42["buffer",{"\u005fplaceholder":true,"num":-1}]`, `42["buffer",{"B":{"_placeHolder":true,"num":9}}]`}},
		{"an argument of another type", []string{`42["int","x"]`, `42["int",{}]`, `42["int",1.5]`, `42["int",1e99]`}},
		{"no argument", []string{`42["int"]`, `42["any"]`, `42["buffer"]`}},
		{"null", []string{`42["int",null]`, `42["any",null]`, `42["buffer",null]`}},
		{"too many arguments", []string{`42["any",1,2,3,{"_placeholder":true,"num":3}]`}},
		{"deep nesting", []string{`42["any",` + deep + `]`, `42["buffer",` + deep + `]`}},
		{"a panic in the handler", []string{`42["panic"]`, `429["panic"]`}},
		{"not JSON", []string{`42["any",}`, `42{"any":1}`, `42"any"`, `42[`, `4`[:1] + `7[]`}},
		{"acks that no function waits for", []string{`43["x"]`, `431["x"]`, `4399999999999999999999[1]`}},
		{"a namespace that is not there", []string{`42/x,["any"]`, `41/x,`, `43/x,1[]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, url := serve(t, Config{}, func(s *Server) {
				s.OnEvent("/", "any", func(_ *Conn, args Args) []any {
					values, _ := args.Values()
					return values
				})
				s.OnEvent("/", "int", func(_ *Conn, args Args) []any {
					var n int
					args.Decode(0, &n)
					return nil
				})
				s.OnEvent("/", "buffer", func(_ *Conn, args Args) []any {
					var b struct{ B []byte }
					args.Decode(0, &b)
					return nil
				})
				s.OnEvent("/", "panic", func(*Conn, Args) []any { panic("on purpose") })
				s.OnEvent("/", "ping", answer("pong"))
			})
			cl := dial(t, url, 3)
			cl.send(c.send...)
			cl.send(`427["ping"]`)
			cl.expect(`437["pong"]`)
		})
	}
}

func TestWhatClosesTheOriginalCloses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		binary     []byte
	}{
		{name: "nothing in a message", text: "4"},
		{name: "attachments without a count", text: `45["x"]`},
		{name: "binary that nothing announced", binary: []byte{4, 1, 2, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, url := serve(t, Config{}, nil)
			cl := dial(t, url, 3)
			if c.text != "" {
				cl.send(c.text)
			} else {
				cl.sendBinary(c.binary...)
			}
			cl.expect("closed")
		})
	}
}

func TestAttachmentsAreBounded(t *testing.T) {
	_, url := serve(t, Config{MaxAttachments: 3, MaxAttachmentBytes: 10_000}, func(s *Server) {
		s.OnEvent("/", "any", answer(1))
	})
	for _, c := range []struct {
		name, header string
		attachments  []int // their sizes
		want         string
	}{
		{"as many as allowed", `453-1["any"]`, []int{0, 0, 9000}, "431[1]"},
		{"one too many", `454-1["any"]`, nil, "closed"},
		{"far too many", `451000000000-1["any"]`, nil, "closed"},
		{"one too many for an ack", `464-1["any"]`, nil, "closed"},
		{"too large together", `453-1["any"]`, []int{6000, 6000}, "closed"},
	} {
		for _, revision := range []int{3, 4} {
			t.Run(fmt.Sprint(c.name, ", protocol ", revision+1), func(t *testing.T) {
				cl := dial(t, url, revision)
				if revision == 4 {
					cl.join("40", "40")
				}
				cl.send(c.header)
				for _, size := range c.attachments {
					data := make([]byte, size)
					if revision == 3 {
						data = append([]byte{4}, data...)
					}
					cl.sendBinary(data...)
				}
				cl.expect(c.want)
			})
		}
	}
}

// A client that is refused again and again is closed: it may not read the answers.
func TestRefusalsAreBounded(t *testing.T) {
	for _, revision := range []int{3, 4} {
		_, url := serve(t, Config{}, nil)
		c := dial(t, url, revision)
		want := map[int]string{3: `44/x,"Invalid namespace"`, 4: `44/x,{"message":"Invalid namespace"}`}[revision]
		for range maxRefusals {
			c.send("40/x,")
			c.expect(want)
		}
		c.send("40/x,")
		c.expect("closed")
	}
}

func TestNamesThatGoSocketIOCannotRead(t *testing.T) {
	heard := make(chan string, 1)
	names := []string{"a,b", "a]b", `a"b`, `a\b`, "<a>", "こんにちは"}
	_, url := serve(t, Config{}, func(s *Server) {
		for _, name := range names {
			s.OnEvent("/", name, func(_ *Conn, args Args) []any { heard <- name + string(args.JSON(0)); return nil })
		}
	})
	c := dial(t, url, 3)
	for _, name := range names {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)
		c.send(`42["` + quoted + `",1]`)
		if got := await(t, heard, name); got != name+"1" {
			t.Errorf("the event %q arrived as %q", name, got)
		}
	}
}
