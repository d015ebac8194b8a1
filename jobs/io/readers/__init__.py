"""Delivered files of any format to Arrow record batches of text, one reader a format."""
