//go:build e2e

package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// takePicture puts the windows side by side into one picture and sees that each shows something. It goes to the
// file that E2E_PICTURE names, as `make picture` asks; else it is thrown away with the test.
func takePicture(t *testing.T, windows []*window) {
	t.Helper()
	const margin, frame = 24, 2
	var shots []image.Image
	for _, w := range windows {
		shot, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatalf("%v: %v", w, err)
		}
		img, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		shots = append(shots, img)
		if dark := darkPixels(img); dark < 1000 {
			t.Errorf("%v shows next to nothing: %d dark pixels", w, dark)
		}
	}
	size := shots[0].Bounds()
	width := margin + len(shots)*(size.Dx()+margin)
	all := image.NewRGBA(image.Rect(0, 0, width, size.Dy()+2*margin))
	draw.Draw(all, all.Bounds(), image.NewUniform(color.RGBA{0xd8, 0xdd, 0xe3, 0xff}), image.Point{}, draw.Src)
	for i, shot := range shots {
		at := image.Pt(margin+i*(size.Dx()+margin), margin)
		window := image.Rectangle{at, at.Add(size.Size())}
		draw.Draw(all, window.Inset(-frame), image.NewUniform(color.RGBA{0x8a, 0x93, 0x9e, 0xff}), image.Point{}, draw.Src)
		draw.Draw(all, window, shot, size.Min, draw.Src)
	}
	file := os.Getenv("E2E_PICTURE")
	if file == "" {
		file = filepath.Join(t.TempDir(), "chat.png")
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
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
