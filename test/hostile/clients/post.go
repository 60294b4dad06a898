// Posts a file as Go's HTTP client does: post URL TYPE FILE. Prints the body of the response.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	body, err := os.Open(os.Args[3])
	if err != nil {
		panic(err)
	}
	response, err := http.Post(os.Args[1], os.Args[2], body)
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	fmt.Print(string(text))
}
