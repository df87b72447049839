module libimap.example

go 1.18
