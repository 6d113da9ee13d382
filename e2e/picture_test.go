//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The page that frames the windows. Its size in CSS pixels is that of two windows with bars and margins.
const (
	pictureWidth, pictureHeight = 2*(windowWidth+2) + 3*14, windowHeight + 36 + 2*14

	pictureStyle = `<style>
body{margin:14px;display:flex;gap:14px;background:#d8dde3;font:14px Liberation Sans,sans-serif}
figure{margin:0;border:1px solid #8a939e;border-radius:8px 8px 0 0;overflow:hidden}
figcaption{height:33px;line-height:33px;padding-left:14px;background:#eef1f4;border-bottom:1px solid #8a939e}
figcaption:before{content:"● ● ●";color:#b4bcc5;margin-right:14px}
img{display:block;width:%dpx}
</style>`
)

// takePicture puts the windows side by side into one picture, each below the address that the README gives it: the
// test's own ports are random. It checks that each window shows text. The picture goes to the file that E2E_PICTURE names,
// as `make picture` sets it, or else into the test's temporary folder.
func takePicture(t *testing.T, windows []*window) {
	t.Helper()
	var page strings.Builder
	fmt.Fprintf(&page, pictureStyle, windowWidth)
	for i, w := range windows {
		shot := screenshot(t, w)
		img, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		if dark := darkPixels(img); dark < 1000 {
			t.Errorf("%v shows next to nothing: %d dark pixels", w, dark)
		}
		fmt.Fprintf(&page, `<figure><figcaption>localhost:%d</figcaption><img src="data:image/png;base64,%s"></figure>`,
			3000+i, base64.StdEncoding.EncodeToString(shot))
	}
	frame := windows[0] // has been photographed, and serves as the frame of all
	frame.do(t, chromedp.EmulateViewport(pictureWidth, pictureHeight, chromedp.EmulateScale(2)))
	drawn := fmt.Sprintf(`document.documentElement.innerHTML = %q; true`, page.String())
	if _, err := chromedp.Run(frame.ctx, chromedp.Evaluate[bool](drawn)); err != nil {
		t.Fatal(err)
	}
	eventually(t, waitLimit, func() string {
		if all, err := chromedp.Run(frame.ctx, chromedp.Evaluate[bool](`[...document.images].every(i => i.complete)`)); err != nil || !all {
			return "the pictures of the windows are not loaded"
		}
		return ""
	})
	file := os.Getenv("E2E_PICTURE")
	if file == "" {
		file = filepath.Join(t.TempDir(), "chat.png")
	}
	if err := os.WriteFile(file, screenshot(t, frame), 0o644); err != nil {
		t.Fatal(err)
	}
}

func screenshot(t *testing.T, w *window) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, waitLimit)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("%v: %v", w, err)
	}
	return shot
}

// darkPixels counts the pixels of the upper two thirds, where the lines are, that could be ink.
func darkPixels(img image.Image) int {
	b, n := img.Bounds(), 0
	for y := b.Min.Y; y < b.Min.Y+b.Dy()*2/3; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, g, bl, _ := img.At(x, y).RGBA(); r+g+bl < 3*0x6000 {
				n++
			}
		}
	}
	return n
}
