// Command bench measures tsunagu beside the servers it replaces, and beside a bare write loop, all in one run on one
// machine. README.md in this folder says how, what each figure means, and what is not measured.
package main
