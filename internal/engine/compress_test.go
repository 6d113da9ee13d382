package engine

import (
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"
)

func TestChooseEncoding(t *testing.T) {
	for accept, want := range map[string]string{
		"":                            "",
		"br":                          "",
		"identity":                    "",
		"gzip":                        "gzip",
		"deflate":                     "deflate",
		"gzip, deflate, br":           "gzip",
		"deflate, gzip":               "deflate",
		"GZIP":                        "gzip",
		"gzip;q=0.5, deflate":         "deflate",
		"gzip;q=0.5, deflate;q=0.8":   "deflate",
		"gzip;q=0":                    "",
		"*":                           "gzip",
		"*;q=0":                       "",
		"gzip;q=0, *":                 "deflate",
		"gzip;q=0, deflate;q=0, *":    "",
		"gzip;q=0.5, *":               "deflate",
		"deflate ; q=0.5 , gzip;q=.1": "deflate",
		"gzip;q=nonsense":             "",
	} {
		if got := chooseEncoding(accept); got != want {
			t.Errorf("Accept-Encoding %q: got %q, want %q", accept, got, want)
		}
	}
}

func TestCompression(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, query := range []string{polling3, polling3 + "&j=0", polling4} {
		p := st.connect(query)
		long := strings.Repeat("長い", 200) // 1,200 bytes
		get := func(accept, text string) answer {
			p.session.Send(Message{Data: []byte(text)})
			return p.poll("Accept-Encoding", accept)
		}
		plain := get("", long)
		wantHeader(t, plain, "Content-Encoding", "")
		for encoding, unpack := range map[string]func(io.Reader) (io.ReadCloser, error){
			"gzip":    func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
			"deflate": zlib.NewReader,
		} {
			a := get(encoding, long)
			wantHeader(t, a, "Content-Encoding", encoding)
			wantHeader(t, a, "Content-Type", "text/plain; charset=UTF-8")
			r, err := unpack(strings.NewReader(a.body))
			if err != nil {
				t.Fatalf("%s: %v", encoding, err)
			}
			if body, err := io.ReadAll(r); string(body) != plain.body || err != nil {
				t.Errorf("%s: got %.60q, %v; want %.60q", encoding, body, err, plain.body)
			}
			wantHeader(t, get(encoding, "short"), "Content-Encoding", "")
		}
	}
}
